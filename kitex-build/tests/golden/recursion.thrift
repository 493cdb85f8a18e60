namespace rs recursion
struct Own { 1: optional Own own, 2: list<Own> list, 3: map<string, Own> map, 4: Own plain, 5: set<Own> set }
struct Left { 1: optional Right right, 2: i32 n }
struct Right { 1: optional Left left, 2: optional Third third }
struct Third { 1: optional Left left }
struct Outside { 1: Left left, 2: optional Right right }
union Choice { 1: Choice choice, 2: Branch branch, 3: i32 leaf }
struct Branch { 1: optional Choice choice, 2: list<Choice> choices }
exception Cause { 1: optional Cause cause }
typedef Linked Alias
struct Linked { 1: optional Alias next }
struct Referenced { 1: i32 & n, 2: optional Referenced & r, 3: list<i32> & l }
struct Required { 1: required Loose loose }
struct Loose { 1: optional Required required }
