"""The stages of the method, one a file: its options and one public function."""
