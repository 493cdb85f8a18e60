//! Two engines, a wire between them, and a clock moved by hand.
