namespace rs renames
struct UGLY_NAME_T { 1: i32 m_nCount (rust.name = "count"), 2: i32 count, 3: i32 other (pilota.name = "type"), 4: required i32 kept (rust.name = "keptAsIs") } (rust.name = "Pretty")
union u_t { 1: i32 a (rust.name = "First"), 2: UGLY_NAME_T b } (rust.name = "Either")
enum E_COLOR { COLOR_RED (rust.name = "RED"), COLOR_BLUE = 5 } (rust.name = "Color")
exception EX { 1: string msg_ (rust.name = "message") } (rust.name = "Failed")
typedef UGLY_NAME_T alias_t (rust.name = "Alias")
const E_COLOR c_best = E_COLOR.COLOR_RED (rust.name = "BEST")
service svc_users { UGLY_NAME_T DoGetV2(1: i32 in_id (rust.name = "id")) throws (1: EX e (rust.name = "Wrong")) (rust.name = "get") } (rust.name = "Users")
