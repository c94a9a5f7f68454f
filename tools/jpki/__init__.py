"""A test authority that issues signing certificates with the profile of 公的個人認証 (JPKI), for demo and tests."""
