/** Express 4 beside 5, under an alias. What the tests use of it has the types of 5. */
declare module 'express4' {
  export { default } from 'express'
}
