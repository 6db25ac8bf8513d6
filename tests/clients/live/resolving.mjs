// Lets modules of another package find the packages of this one.
export const resolve = (specifier, context, next) =>
  next(specifier, /^\.|:/.test(specifier) ? context : { ...context, parentURL: import.meta.url });
