package "com.example"
struct First {}
interaction Old {}
