/* A sheet to draw on. Strokes are kept as points in units of the sheet's side, so that they are
 * drawn sharp at any size and in any colours, and are read from a picture of their own: black on
 * white, always the same size. Each change adds a state to the history; undo takes it away, whether
 * it was a stroke or a clearing. */

interface Point {
  x: number;
  y: number;
  width: number;
}
type Stroke = Point[];

/* Of the sheet's side: near what the networks were trained on, once the ink is framed. */
const PEN_WIDTH = 0.06;
const EXPORT_SIDE = 448; /* pixels */
const PALM_MILLISECONDS = 1000; /* a touch so soon after a pen is the hand that holds it */

export interface DrawingEvents {
  begun(): void; /* a stroke begins: what was read is out of date */
  changed(): void; /* a stroke ended, or was undone or cleared */
}

export class Drawing {
  private history: Stroke[][] = [[]];
  private current: Stroke | null = null;
  private pointer = -1;
  private pointerType = "";
  private penSeen = -Infinity;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly events: DrawingEvents,
  ) {
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.end(event));
    canvas.addEventListener("pointercancel", (event) => this.cancel(event));
    this.resize(); /* the observer speaks up only when the page is first shown */
    new ResizeObserver(() => this.resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  get isEmpty(): boolean {
    return this.strokes.length === 0;
  }

  get canUndo(): boolean {
    return this.history.length > 1;
  }

  undo(): void {
    if (!this.canUndo) return;
    this.history.pop();
    this.draw();
    this.events.changed();
  }

  clear(): void {
    if (!this.isEmpty) this.add([]);
  }

  /* The drawing as a picture, as the server wants it. */
  toPicture(): Promise<Blob> {
    const page = document.createElement("canvas");
    page.width = page.height = EXPORT_SIDE;
    const context = page.getContext("2d")!;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, EXPORT_SIDE, EXPORT_SIDE);
    for (const stroke of this.strokes) paint(context, stroke, EXPORT_SIDE, "#000");
    return new Promise((resolve, reject) =>
      page.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"),
    );
  }

  private get strokes(): Stroke[] {
    return this.history[this.history.length - 1]!;
  }

  private add(strokes: Stroke[]): void {
    this.history.push(strokes);
    this.draw();
    this.events.changed();
  }

  private toPoint(event: PointerEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    const pressure = event.pointerType === "pen" ? 0.45 + 1.1 * event.pressure : 1;
    return {
      x: (event.clientX - box.left) / box.width,
      y: (event.clientY - box.top) / box.height,
      width: PEN_WIDTH * pressure,
    };
  }

  private isPalm(event: PointerEvent): boolean {
    return event.pointerType === "touch" && event.timeStamp - this.penSeen < PALM_MILLISECONDS;
  }

  private begin(event: PointerEvent): void {
    const isPen = event.pointerType === "pen";
    if (isPen) this.penSeen = event.timeStamp;
    else if (this.isPalm(event)) return;
    /* One stroke at a time; only a pen takes over, from the palm that came down before it. */
    if (event.button !== 0 || (this.current && !(isPen && this.pointerType === "touch"))) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.pointerType = event.pointerType;
    this.current = [this.toPoint(event)];
    this.events.begun();
    this.draw();
  }

  private move(event: PointerEvent): void {
    if (!this.current || event.pointerId !== this.pointer) return;
    if (event.pointerType === "pen") this.penSeen = event.timeStamp;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const each of all.length ? all : [event]) this.current.push(this.toPoint(each));
    this.draw();
  }

  private end(event: PointerEvent): void {
    if (!this.current || event.pointerId !== this.pointer) return;
    const stroke = this.current;
    this.current = null;
    this.add([...this.strokes, stroke]);
  }

  /* The system took the pointer for something else: the stroke was none. */
  private cancel(event: PointerEvent): void {
    if (event.pointerId !== this.pointer) return;
    this.current = null;
    this.draw();
    this.events.changed();
  }

  private resize(): void {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (side === 0 || side === this.canvas.width) return;
    this.canvas.width = this.canvas.height = side;
    this.draw();
  }

  private draw(): void {
    const context = this.canvas.getContext("2d")!;
    const side = this.canvas.width;
    const colour = getComputedStyle(this.canvas).color;
    context.clearRect(0, 0, side, side);
    for (const stroke of this.strokes) paint(context, stroke, side, colour);
    if (this.current) paint(context, this.current, side, colour);
  }
}

/* Curves through the middles between points, with the points as their controls: smooth where the
 * pointer was fast. What has one width is one path: where paths meet, their soft edges would show.
 * */
function paint(
  context: CanvasRenderingContext2D,
  stroke: Stroke,
  side: number,
  colour: string,
): void {
  const first = stroke[0]!;
  context.strokeStyle = context.fillStyle = colour;
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = first.width * side;
  context.beginPath();
  if (stroke.length === 1) {
    context.arc(first.x * side, first.y * side, (first.width * side) / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.moveTo(first.x * side, first.y * side);
  let from: Point = first;
  for (let i = 1; i < stroke.length; i++) {
    const control = stroke[i - 1]!;
    const next = stroke[i]!;
    const last = i === stroke.length - 1;
    const middle = { x: (control.x + next.x) / 2, y: (control.y + next.y) / 2, width: next.width };
    const to = last ? next : middle;
    if (to.width !== from.width) {
      context.stroke();
      context.beginPath();
      context.moveTo(from.x * side, from.y * side);
      context.lineWidth = ((from.width + to.width) / 2) * side;
    }
    context.quadraticCurveTo(control.x * side, control.y * side, to.x * side, to.y * side);
    from = to;
  }
  context.stroke();
}
