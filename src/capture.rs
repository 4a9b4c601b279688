//! Capture files in and out, with netlab's notes as packet comments.
