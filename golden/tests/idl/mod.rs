//! The recorded methods as generated code.

kitex::include_idl!("recorded");
