enum Colour { RED = 1, GREEN, RED = 3 }
enum Wide { LOW = -2147483649, HIGH = 2147483647, HIGHER }
