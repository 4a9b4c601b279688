//! Rules over packets and conversations → notes; `words/` holds every teaching sentence.
