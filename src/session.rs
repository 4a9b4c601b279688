//! The only place where a probe meets a wire.
