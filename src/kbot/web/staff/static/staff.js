// Leaves the page when the session has ended: what staff saw must not stay on an unattended screen.
(() => {
  "use strict";
  let timer;

  function leave() {
    location.replace(`${document.body.dataset.signIn}?why=ended`);
  }

  // Should another tab have kept the session alive, the sign-in page leads straight back.
  function watch() {
    clearTimeout(timer);
    timer = setTimeout(leave, (Number(document.body.dataset.idleSeconds) + 1) * 1000);
  }

  const fetchPlainly = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const response = await fetchPlainly(...request);
    if (response.status === 401 && new URL(response.url).origin === location.origin) {
      leave();
    } else {
      watch();
    }
    return response;
  };

  document.addEventListener("DOMContentLoaded", watch);
  // A page out of the browser's memory, after signing out and going back.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
