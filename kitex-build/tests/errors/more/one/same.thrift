struct Both {} struct One {}
