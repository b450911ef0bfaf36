// What a page or a handout starts from, before anything has come.

import { createStore } from "./store.js";

/** @import { State, Store, Theme } from "../types.js" */

/** @param {Partial<State>} change @returns {Store} */
export const createState = (change) =>
  createStore(
    /** @type {State} */ ({
      frame: null,
      lang: "",
      t: (id) => id,
      // the panel chrome reads it before anything is painted
      theme: /** @type {Theme} */ (/** @type {unknown} */ (null)),
      recorded: false,
      connected: false,
      lost: null,
      playing: false,
      speed: 1,
      problem: null,
      loading: null,
      cell: null,
      asked: null,
      moves: 0,
      held: null,
      pending: [],
      sender: "",
      show: null,
      count: null,
      guess: null,
      ...change,
    }),
  );
