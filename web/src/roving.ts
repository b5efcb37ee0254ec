/**
 * Long lists by keyboard: one stop for the tab key, the arrow keys from row to row and within one. Who looks for what comes
 * after a list of two hundred curves must not pass them one by one.
 */

/** @param row selector of what holds the links of one entry; every link and button of the box below one takes part. */
export function roving(box: HTMLElement, row: string): void {
  const items = () => [...box.querySelectorAll<HTMLElement>(`${row} :is(a, button)`)];
  const settle = (on: HTMLElement | undefined) => {
    for (const item of items()) item.tabIndex = item === on ? 0 : -1;
  };
  settle(items()[0]);
  box.addEventListener('focusin', ({ target, relatedTarget }) => {
    const to = target as HTMLElement;
    if (to.tabIndex === 0 && !box.contains(relatedTarget as Node | null)) {
      const chosen = box.querySelector<HTMLElement>(
        `${row}[aria-current] :is(a, button), ${row} a[aria-current]`,
      );
      if (chosen !== null && chosen !== to && to.closest(row) !== null) {
        chosen.focus();
        return;
      }
    }
    if (to.closest(row) !== null) settle(to);
  });
  box.addEventListener('keydown', (event) => {
    const from = event.target as HTMLElement;
    const to = from.closest(row) === null ? undefined : neighbour(event.key, from, items(), row);
    if (to === undefined) return;
    event.preventDefault();
    to.focus();
  });
}

function neighbour(
  key: string,
  from: HTMLElement,
  items: readonly HTMLElement[],
  row: string,
): HTMLElement | undefined {
  const own = from.closest(row);
  const rows = [...Map.groupBy(items, (item) => item.closest(row))];
  const at = rows.findIndex(([one]) => one === own);
  const column = rows[at]?.[1].indexOf(from) ?? 0;
  const inRow = (index: number) => {
    const found = rows[Math.min(Math.max(index, 0), rows.length - 1)]?.[1];
    return found?.[Math.min(column, found.length - 1)];
  };
  if (key === 'ArrowDown') return inRow(at + 1);
  if (key === 'ArrowUp') return inRow(at - 1);
  if (key === 'Home') return inRow(0);
  if (key === 'End') return inRow(rows.length - 1);
  if (key === 'ArrowRight') return rows[at]?.[1][column + 1];
  if (key === 'ArrowLeft') return rows[at]?.[1][column - 1];
  return undefined;
}
