typedef Own Named (rust.newtype)
struct Own {} (rust.newtype)
