const i32 OCTAL = 010
const i32 DECIMAL = 098
