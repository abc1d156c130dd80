/** Thrown by `createResourceServer` for options that make no sense. `option` is the path of the one to mend. */
export class ConfigError extends TypeError {
  /** For example `issuers[0].jwksUri`. */
  readonly option: string

  constructor(option: string, mend: string) {
    super(`${option}: ${mend}`)
    this.name = 'ConfigError'
    this.option = option
  }
}
