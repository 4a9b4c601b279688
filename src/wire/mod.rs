//! All interface I/O: routes, channels, the sniffer, kernel timestamps, privilege.
