//! Everything a person or a program reads, written to `impl Write`.
