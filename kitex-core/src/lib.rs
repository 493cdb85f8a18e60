//! Calls without sockets: the vocabulary of RPC and the protocol engine of Kitex.
