struct Dashed {}
