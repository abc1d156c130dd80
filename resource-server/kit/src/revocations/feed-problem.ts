/** Why what came is not believed: a sentence for an operator, without anything of what came. */
export class FeedProblem extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FeedProblem'
  }
}
