service Both extends One, Two {}
service Bare { void thrown() throws Gone }
service Numbered { 1: void numbered() }
service Nothing { nothing() }
