# A grid of boxes: rows and columns, empty cells empty; a manifest's label joins its rows by slashes.
. "$GOLDEN/read/draw.inc"
draw 80 "$SEVEN" >7.pgm
draw 80 "$ONE" >1.pgm
awk '
  FNR == 1 { n++ }
  FNR > 3 { rows[n] = FNR - 3; line[n, FNR - 3] = $0 }
  END {
    # 3 x 3 cells of 80 pixels from (20, 20), lines 3 pixels wide; a 7 top left, a 1 in the middle of the last row
    print "P2\n284 284\n255"
    for (y = 0; y < 284; y++) {
      for (x = 0; x < 284; x++) {
        u = x - 20; v = y - 20; level = 240
        inside = u >= 0 && v >= 0 && u < 243 && v < 243
        if (inside && (u % 80 < 3 || v % 80 < 3)) level = 20
        cell = ""
        if (inside && u > 2 && u < 80 && v > 2 && v < 80) cell = 1
        if (inside && u > 82 && u < 160 && v > 162 && v < 240) cell = 2
        if (cell && level == 240) { split(line[cell, v % 80 + 1], levels, " "); level = levels[u % 80 + 1] }
        printf "%d ", level
      }
      print ""
    }
  }' 7.pgm 1.pgm >grid.pgm
scrawl read grid.pgm | tr '\t' '|'
scrawl read --as grid --format json grid.pgm |
  jq -c '.pages[0] | [.grid.rows, .grid.columns, [.grid.cells[][] | .text], .grid.cells[1][1].confidence, (.lines | length)]'
printf 'grid.pgm\t7../.../.1.\n' >manifest.tsv
scrawl evaluate --data . --as grid --json 2>/dev/null | jq -c '[.n, .errors, .exact, .cer, .wer, .cells, .cell_accuracy]'
scrawl read --steps steps grid.pgm >/dev/null
ls steps | sed 's/^[0-9]*-//' | head -1
