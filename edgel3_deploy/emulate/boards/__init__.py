"""What each virtual board is made of: the parts in Unicorn, and QEMU's machine."""
