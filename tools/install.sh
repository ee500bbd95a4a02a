# Sourced by the scripts beside it: installs Debian's packages where that is allowed, and says what to do where it isn't.

ready_to_install() { # ready_to_install WHO WHAT PACKAGE: "The browser tests", "nginx", "nginx-light"
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "$1 need $2: install it with your system's packages" >&2
    exit 1
  fi
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "$1 need $2. As root: apt-get install $3" >&2
      exit 1
    fi
    as_root="sudo"
  fi
  echo "$1 need $2: installing Debian's $3"
  # The lists may be old or missing; where no network is, the next step says what it could not fetch.
  $as_root apt-get update -qq || true
}

install_package() { # install_package PACKAGE
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}
