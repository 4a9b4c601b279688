//! The virtual network: topology as data, the namespaces that realise it.
