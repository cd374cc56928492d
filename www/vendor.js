// What the page takes from its libraries. `make www` bundles this file into vendor/preact.js;
// the page's own modules are served as they stand here.
import { h } from 'preact';
import htm from 'htm';

export { Component, Fragment, createContext, render } from 'preact';
export {
  useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState,
} from 'preact/hooks';
export {
  batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect,
} from '@preact/signals';
export const html = htm.bind(h);
