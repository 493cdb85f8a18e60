struct Own { 1: Own own = {} }
struct Outer { 1: Inner inner = {} }
struct Inner { 1: optional Outer outer = {} }
