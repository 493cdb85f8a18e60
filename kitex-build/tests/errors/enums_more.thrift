enum True { A = true }
enum Before { A (x = "y") = 1 }
