const string TEXT = "жа"
struct ж {}
