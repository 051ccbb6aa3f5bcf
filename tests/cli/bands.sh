# Sourced by tests: makes bands-images and bands-labels, a pair of IDX files with 90 pictures of 28x28 of the digits 0, 1, 2,
# each a bright band at its own height, thinner or thicker, darker or lighter.
bands() {
  picture() { # class thickness level
    local top=$((3 + 8 * $1))
    head -c $((28 * top)) /dev/zero
    head -c $((28 * $2)) /dev/zero | tr '\0' "$3"
    head -c $((28 * (28 - top - $2))) /dev/zero
  }
  {
    printf '\000\000\010\003\000\000\000\132\000\000\000\034\000\000\000\034'
    for i in $(seq 0 29); do
      for class in 0 1 2; do picture $class $((2 + i % 5)) "\\$((2 + i % 2))$((i % 8))7"; done
    done
  } >bands-images
  {
    printf '\000\000\010\001\000\000\000\132'
    for i in $(seq 0 29); do printf '\000\001\002'; done
  } >bands-labels
}
