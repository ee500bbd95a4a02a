"""A retrieval FAQ chatbot for clinics: their own passages, word for word, or a clinician."""
