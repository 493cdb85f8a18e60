struct Both {} struct Two {}
