struct Same {}
union Same {}
service Same {}
const i32 TWO = 1
const i32 TWO = 2
