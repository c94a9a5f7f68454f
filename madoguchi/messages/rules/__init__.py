"""What must hold of messages: how a letter is set, what a mail says, what a verification code looks like."""
