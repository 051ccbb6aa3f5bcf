/* The ways by which picture files arrive: chosen, photographed, dropped anywhere on the page,
 * pasted. */

export function takeFiles(sheet: HTMLElement, taken: (files: File[]) => void): void {
  for (const id of ["file", "camera"]) {
    const input = document.getElementById(id) as HTMLInputElement;
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      input.value = ""; /* so that the same file can be chosen again */
      if (files.length) taken(files);
    });
  }

  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer!.dropEffect = "copy";
    sheet.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) sheet.classList.remove("dropping"); /* left the window */
  });
  document.addEventListener("drop", (event) => {
    sheet.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    const files = [...event.dataTransfer!.files];
    if (files.length) taken(files);
  });

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    taken(files);
  });
}
