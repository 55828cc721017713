package shell

// ThisPlatform has everything.
func ThisPlatform() Platform { return Platform{} }
