//! The ladder as it is drawn.
