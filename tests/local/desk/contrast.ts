/** WCAG 2 contrast of what a page shows: each text against what lies behind it. Runs in the page; knows nothing of the desk. */
import type { Page } from 'playwright-core';

/** AA for text that is not large. */
const LEAST = 4.5;

/** Texts, and values and placeholders of fields, that are too faint, with their ratio; what is disabled is exempt. */
export const faintTexts = (page: Page): Promise<string[]> => page.evaluate(SCRIPT) as Promise<string[]>;

const SCRIPT = `(() => {
  const parsed = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const mixed = (a, top, below) => a * top + (1 - a) * below;
  const over = (top, below) => ({ r: mixed(top.a, top.r, below.r), g: mixed(top.a, top.g, below.g), b: mixed(top.a, top.b, below.b) });
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ({ r, g, b }) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    const layers = [];
    for (let one = element; one !== null; one = one.parentElement) layers.push(parsed(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), { r: 255, g: 255, b: 255 });
  };
  const ratio = (a, b) => { const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    const style = getComputedStyle(element);
    if (!isText && !element.matches('input, textarea, select')) continue;
    if (!element.checkVisibility() || style.clipPath !== 'none' || element.disabled) continue;
    const colours = [element instanceof SVGElement ? style.fill : style.color];
    if (element.placeholder) colours.push(getComputedStyle(element, '::placeholder').color);
    const below = behind(element);
    for (const colour of colours) {
      const found = ratio(over(parsed(colour), below), below);
      if (found < ${LEAST}) faint.push(element.tagName + ' ' + (element.textContent || element.placeholder).trim().slice(0, 40) + ' ' + colour + ' ' + found.toFixed(2));
    }
  }
  return faint;
})()`;
