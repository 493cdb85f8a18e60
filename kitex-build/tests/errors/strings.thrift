const string BYTES = "\xff"
const uuid ID = "00112233"
const binary NUMBER = 7
const bool TRUTH = 1.0
const i32 TEXT = "7"
