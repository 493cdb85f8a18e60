struct Point { 1: i32 x }
const i32 FROM_DOUBLE = 1.5
const string FROM_NUMBER = 1
const Point FROM_LIST = [1]
