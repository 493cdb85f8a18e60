const void A = 1
const Calls B = 1
const Nothing C = 1
typedef void Empty
typedef Missing D
service Calls {}
