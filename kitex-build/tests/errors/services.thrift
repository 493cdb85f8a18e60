exception Gone {}
struct NotThrown {}
service Loop extends Loop {}
