import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const usualPlaces = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/usr/lib/chromium',
  '/opt/google/chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Path of the machine's Chromium: POSTERN_CHROMIUM, else the first in PATH and the usual places. */
export const chromiumPath: string | undefined = findChromium(process.env)

/** For a test's `skip`: the reason where there is no browser. */
export const noBrowser: string | false =
  chromiumPath === undefined
    ? 'no Chromium here: install one (apt-get install chromium), or name it in POSTERN_CHROMIUM'
    : false

function findChromium({ POSTERN_CHROMIUM: named, PATH = '' }: NodeJS.ProcessEnv): string | undefined {
  if (named) return named
  const folders = [...PATH.split(delimiter), ...usualPlaces].filter((folder) => folder !== '')
  return folders.flatMap((folder) => [folder, ...names.map((name) => join(folder, name))]).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
