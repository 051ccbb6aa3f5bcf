# Sourced by tests: makes bands-images and bands-labels, a pair of IDX files with 90 pictures of 28x28 of the digits 0, 1, 2,
# each a bright band at its own height, thinner or thicker, darker or lighter.
bands() {
  perl -e '
    print pack("N4", 0x803, 90, 28, 28);
    for my $i (0 .. 29) {
      for my $class (0 .. 2) {
        my ($top, $thickness, $level) = (3 + 8 * $class, 2 + $i % 5, oct((2 + $i % 2) . ($i % 8) . 7));
        print "\0" x (28 * $top), chr($level) x (28 * $thickness), "\0" x (28 * (28 - $top - $thickness));
      }
    }' >bands-images
  perl -e 'print pack("N2", 0x801, 90), "\0\1\2" x 30' >bands-labels
}
