namespace rs endings // one
/* two */
structMixed{
1
:
list
<
i32
>
numbers // a lone return2: i32 more
}// ends at a returnconst i32 AFTER = 1
