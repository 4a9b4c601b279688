//! Bytes → [`Packet`](crate::model::Packet): walks the protocols' bindings and never fails.
