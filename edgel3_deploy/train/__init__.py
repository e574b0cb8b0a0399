"""What training needs: generated sounds and recordings, windows of both, networks that learn, a trainer."""
