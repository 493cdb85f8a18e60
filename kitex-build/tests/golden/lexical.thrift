/** Comments and blanks between all tokens. */ namespace /* a */ rs // b
lexical # c
/**/ struct /***/ Spread /****/ { /** A field. **/ 1 /* d */ : /* e */ required
	i32/* f */ a = /* g */ -0x10 /* h */ ( x /* i */ = "y" /* j */ ) /* k */ ; }
// ends at a carriage returnconst i64 MOST = 9223372036854775807 const i64 LEAST = -9223372036854775808
const i64 PLUS = +5 const i64 HEX = 0xFf const i64 MINUS_HEX = -0x10 const i64 ZEROS = 010
const double HALF = .5 const double BIG = 1e10 const double SMALL = -2.5E-3 const double HUNDRED = 1E+2 const double MINUS = -0.0
const double LONG = 9223372036854775816.43
const i32 e10 = 1 const i32 NAMED = e10
